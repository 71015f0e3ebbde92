/** What came out of a gzip stream; `damaged` if it was cut short or fails its own checksum, with what could still be read. */
export interface Inflated {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly damaged: boolean;
}

/** Decompresses a gzip stream, in browsers and Node alike. Never throws for what the stream holds. */
export async function gunzip(packed: Uint8Array): Promise<Inflated> {
  // The standard types ask for memory that no other thread shares; a file's bytes are such.
  const source = new Blob([packed as Uint8Array<ArrayBuffer>]).stream();
  const reader = source.pipeThrough(new DecompressionStream("gzip")).getReader();
  const pieces: Uint8Array[] = [];
  let damaged = false;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) pieces.push(next.value);
  } catch {
    damaged = true;
  }
  const bytes = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return { bytes, damaged };
}

/** Does it begin as a gzip stream does? */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Compresses to a gzip stream, in browsers and Node alike. */
export async function gzip(content: string | Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const source = new Blob([content as string | Uint8Array<ArrayBuffer>]).stream();
  return new Uint8Array(await new Response(source.pipeThrough(new CompressionStream("gzip"))).arrayBuffer());
}
