import { NAS_BENCH_201 } from "../../core/nasbench201";
import { CellButton as AnyCellButton } from "../gallery/CellButton";
import { useApp } from "../store";
import type { Source } from "./selection";

const NOTE = "of the selection";

/** A cell of the selection in small. */
export function CellButton({ source, architecture, title }: { source: Source; architecture: string; title: string }) {
  return <AnyCellButton moment={source.moment} choices={NAS_BENCH_201.parse(architecture)} title={title} note={NOTE} />;
}

/** Draws a cell in place of the search's own. */
export function showCell(cell: { readonly title: string; readonly architecture: string }): void {
  useApp.setState({
    exhibit: {
      space: NAS_BENCH_201.id,
      title: cell.title,
      note: NOTE,
      choices: NAS_BENCH_201.parse(cell.architecture),
    },
  });
}
