import type { DBSchema, IDBPDatabase } from "idb";
import type { Settings } from "../../core/controls";

/** What is known of a kept run without reading its file. */
export interface KeptRun {
  readonly id: string;
  /** Given by a person, or made from method and seed. */
  readonly name: string;
  /** When, milliseconds since 1970. */
  readonly kept: number;
  /** Those that the run began with. */
  readonly settings: Settings;
  /** What it ran on. */
  readonly device: string;
  readonly steps: number;
  /** Spent stepping; 0 where that is not known. */
  readonly seconds: number;
  /** Times that a knob was turned during the run. */
  readonly edits: number;
  /** The most probable cell at its end. */
  readonly architecture: string;
  /** False for a run that was reset or kept on its way. */
  readonly finished: boolean;
}

/** Where runs are kept: a summary and a run file (gzip) each. */
export interface Shelf {
  /** False where runs last only until the page closes. */
  readonly lasting: boolean;
  list(): Promise<KeptRun[]>;
  /** The run file; undefined where it has gone. */
  file(id: string): Promise<Uint8Array | undefined>;
  put(run: KeptRun, file: Uint8Array): Promise<void>;
  describe(run: KeptRun): Promise<void>;
  remove(id: string): Promise<void>;
}

interface Schema extends DBSchema {
  runs: { key: string; value: KeptRun };
  files: { key: string; value: Uint8Array };
}

/** The browser's database, or memory where it is closed to us, as in private windows of some browsers. */
export async function openShelf(): Promise<Shelf> {
  try {
    const { openDB } = await import("idb");
    return new DatabaseShelf(
      await openDB<Schema>("balenas-playground", 1, {
        upgrade(database) {
          database.createObjectStore("runs", { keyPath: "id" });
          database.createObjectStore("files");
        },
      }),
    );
  } catch {
    return new MemoryShelf();
  }
}

class DatabaseShelf implements Shelf {
  readonly lasting = true;

  constructor(private readonly database: IDBPDatabase<Schema>) {}

  list(): Promise<KeptRun[]> {
    return this.database.getAll("runs");
  }

  file(id: string): Promise<Uint8Array | undefined> {
    return this.database.get("files", id);
  }

  async put(run: KeptRun, file: Uint8Array): Promise<void> {
    const both = this.database.transaction(["runs", "files"], "readwrite");
    await Promise.all([both.objectStore("runs").put(run), both.objectStore("files").put(file, run.id), both.done]);
  }

  async describe(run: KeptRun): Promise<void> {
    await this.database.put("runs", run);
  }

  async remove(id: string): Promise<void> {
    const both = this.database.transaction(["runs", "files"], "readwrite");
    await Promise.all([both.objectStore("runs").delete(id), both.objectStore("files").delete(id), both.done]);
  }
}

export class MemoryShelf implements Shelf {
  readonly lasting = false;
  private readonly runs = new Map<string, KeptRun>();
  private readonly files = new Map<string, Uint8Array>();

  async list(): Promise<KeptRun[]> {
    return [...this.runs.values()];
  }

  async file(id: string): Promise<Uint8Array | undefined> {
    return this.files.get(id);
  }

  async put(run: KeptRun, file: Uint8Array): Promise<void> {
    this.runs.set(run.id, run);
    this.files.set(run.id, file);
  }

  async describe(run: KeptRun): Promise<void> {
    this.runs.set(run.id, run);
  }

  async remove(id: string): Promise<void> {
    this.runs.delete(id);
    this.files.delete(id);
  }
}
