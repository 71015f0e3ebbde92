import type { Choices } from "../../core/space";
import type { Moment } from "../moment";
import { useApp } from "../store";
import "./cell-button.css";
import { Thumbnail } from "./Thumbnail";

interface Props {
  moment: Moment;
  choices: Choices;
  /** What it is, and where it comes from. */
  title: string;
  note: string;
}

/** A cell in small, which shows it in large when it is pressed, and no longer when it is pressed again. */
export function CellButton({ moment, choices, title, note }: Props) {
  const { space } = moment;
  const shown = useApp(({ exhibit }) => exhibit?.space === space.id && exhibit.choices.join() === choices.join());
  const architecture = space.format(choices);
  return (
    <button
      type="button"
      className="cell-button"
      aria-pressed={shown}
      aria-label={`Show ${title}: ${architecture}`}
      title={architecture}
      onClick={() => useApp.setState({ exhibit: shown ? null : { space: space.id, title, note, choices } })}
    >
      <Thumbnail moment={moment} choices={choices} />
    </button>
  );
}
