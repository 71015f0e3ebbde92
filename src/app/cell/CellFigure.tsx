import { useMemo } from "react";
import type { CellKind, Choices, NodeSpace } from "../../core/space";
import type { Moment } from "../moment";
import { hover } from "../store";
import { BlockCell } from "./BlockCell";
import { chosenInk, mixInk, weightedInk } from "./blocks";
import { bundleOf, Drawing } from "./Drawing";
import { NARROW } from "./layout";
import { bundleStrands, cellStrands, mixStrands, probableStrands } from "./strands";
import { useMorph } from "./useMorph";

interface Props {
  moment: Moment;
  kind: CellKind;
  /** The posterior's weights, its most probable cell among traces of the others, or one cell alone. */
  view: "weighted" | "probable" | "cell";
  /** The cell that is drawn, or whose operations label the weights. */
  choices: Choices;
  /** What is drawn: the drawing glides when it changes. */
  subject: string;
  figures: boolean;
  /** The drawing in words. */
  label: string;
  width: number;
  height: number;
}

/** The cell on screen, drawn as its space's cells are. */
export function CellFigure(props: Props) {
  const { space } = props.moment;
  return space.rowsAre === "edges" ? <EdgeFigure {...props} /> : <BlockFigure {...props} space={space} />;
}

function EdgeFigure({ view, subject, ...props }: Props) {
  const { moment, choices, width } = props;
  const bundle = bundleOf(moment.space, width);
  const target = useMemo(() => {
    if (view === "cell") return cellStrands(moment, choices);
    return view === "weighted" ? bundleStrands(moment, bundle) : probableStrands(moment);
  }, [moment, view, choices, bundle]);
  return <Drawing {...props} strands={useMorph(target, subject, mixStrands)} />;
}

function BlockFigure({ space, view, subject, label, ...props }: Props & { space: NodeSpace }) {
  const { moment, choices, width, height } = props;
  const target = useMemo(
    () => (view === "weighted" ? weightedInk(moment) : chosenInk(moment, choices, view === "probable")),
    [moment, view, choices],
  );
  const ink = useMorph(target, subject, mixInk);
  const narrow = width < NARROW;
  return (
    <svg width={width} height={height} role="img" aria-label={label} onPointerLeave={() => hover({})}>
      <BlockCell {...props} space={space} ink={ink} radius={narrow ? 17 : 20} thickness={narrow ? 7 : 10} />
    </svg>
  );
}
