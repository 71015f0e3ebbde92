import type { CellKind, SearchSpace } from "../../core/space";
import { type Segment, Segments } from "../Segments";
import { useApp } from "../store";

/** What papers call the kinds of cell. */
export const KIND_TITLES: Readonly<Record<string, string>> = { normal: "Normal", reduce: "Reduction" };

/** The kind of cell on screen. */
export function useCellKind({ cellKinds }: SearchSpace): CellKind {
  return useApp(({ cellKind }) => cellKinds[cellKind] ?? cellKinds[0]);
}

/** Is a row of this kind of cell? */
export function isOfKind({ first, end }: CellKind, row: number): boolean {
  return row >= first && row < end;
}

/** Switches the cell and the posterior between the kinds of cell; nothing where the space has one. */
export function KindSwitch({ space, name }: { space: SearchSpace; name: string }) {
  const kind = useCellKind(space);
  if (space.cellKinds.length === 1) return null;
  const options = space.cellKinds.map(
    (each, i): Segment<number> => ({ value: i, label: KIND_TITLES[each.name] ?? each.name }),
  );
  return (
    <Segments
      label="Kind of cell"
      name={name}
      options={options}
      value={space.cellKinds.indexOf(kind)}
      onChange={(cellKind) => useApp.setState({ cellKind })}
    />
  );
}
