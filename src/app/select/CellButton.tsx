import { NAS_BENCH_201 } from "../../core/nasbench201";
import { Thumbnail } from "../gallery/Thumbnail";
import { useApp } from "../store";
import type { Source } from "./selection";

/** A cell in small, which shows it in large when it is pressed, and no longer when it is pressed again. */
export function CellButton({ source, architecture, title }: { source: Source; architecture: string; title: string }) {
  const choices = NAS_BENCH_201.parse(architecture);
  const shown = useApp(
    ({ exhibit }) => exhibit?.space === NAS_BENCH_201.id && exhibit.choices.join() === choices.join(),
  );
  return (
    <button
      type="button"
      className="cell-button"
      aria-pressed={shown}
      aria-label={`Show ${title}: ${architecture}`}
      title={architecture}
      onClick={() => showCell(shown ? null : { title, architecture })}
    >
      <Thumbnail moment={source.moment} choices={choices} />
    </button>
  );
}

/** Draws a cell in place of the search's own; null for that again. */
export function showCell(cell: { readonly title: string; readonly architecture: string } | null): void {
  useApp.setState({
    exhibit: cell && {
      space: NAS_BENCH_201.id,
      title: cell.title,
      note: "of the selection",
      choices: NAS_BENCH_201.parse(cell.architecture),
    },
  });
}
