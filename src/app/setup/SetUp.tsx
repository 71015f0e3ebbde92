import { setControl, setForm } from "../form";
import { clock, short } from "../format";
import { Field } from "../knobs/Field";
import { useApp } from "../store";
import { formOf, PRESETS, presetOf } from "./presets";
import "./setup.css";

const CLASSES = ["T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"];

const SIZES = ["channels", "cells", "image", "images", "batch", "steps", "seed"] as const;
const INSTANT_SIZES = ["steps", "seed"] as const;

const OBJECTIVES = [
  { value: "supernet", label: "Supernet", note: "Train a weight-sharing supernet on images, as a real search does." },
  { value: "instant", label: "Instant", note: "Learn from the benchmark's own answers, which no real search sees." },
] as const;

/** What is searched, how, on what, and how large. */
export function SetUp() {
  const draft = useApp((state) => state.draft);
  const chosen = presetOf(draft);
  const instant = draft.objective === "instant";
  return (
    <section className="panel setup" aria-labelledby="setup-title">
      <div className="panel-head">
        <h2 id="setup-title">Set-up</h2>
        <span className="small muted">acts at reset</span>
      </div>
      <fieldset className="segments" aria-label="Objective">
        {OBJECTIVES.map(({ value, label, note }) => (
          <label key={value} title={note}>
            <input
              type="radio"
              name="objective"
              checked={draft.objective === value}
              onChange={() => setControl("objective", value)}
            />
            {label}
          </label>
        ))}
      </fieldset>
      <fieldset className="segments presets" aria-label="Preset">
        {PRESETS.map((preset) => (
          <label key={preset.id} title={preset.note}>
            <input
              type="radio"
              name="preset"
              checked={preset === chosen}
              onChange={() => setForm(formOf(preset, draft.seed))}
            />
            {preset.title}
          </label>
        ))}
      </fieldset>
      <div className="pairs">
        <Field name="space" compact />
        <Field name="method" compact />
        <Field name={instant ? "objectiveData" : "data"} compact />
      </div>
      {!instant && <Preview />}
      <div className="sizes">
        {(instant ? INSTANT_SIZES : SIZES).map((name) => (
          <Field key={name} name={name} compact />
        ))}
        {!instant && <Cost />}
      </div>
    </section>
  );
}

function Preview() {
  return (
    <figure className="preview">
      <img
        src="./datasets/fashion-mnist/preview.png"
        alt={`Two examples of each class of Fashion-MNIST: ${CLASSES.join(", ")}`}
        width={280}
        height={56}
      />
      <figcaption className="small muted">
        <a href="https://github.com/zalandoresearch/fashion-mnist">Fashion-MNIST</a>, ten classes (Zalando, MIT)
      </figcaption>
    </figure>
  );
}

/** What the form's search costs: by the plan of the compiled step, and in time by the pace of the run under way. */
function Cost() {
  const { steps, batch, images } = useApp((state) => state.draft);
  const { cost, runCost, rate } = useApp();
  if (!cost) return <p className="cost small muted">Reckoning the cost…</p>;
  const seconds = runCost && rate ? (steps / rate) * (cost.flops / runCost.flops) : null;
  const epochs = (steps * batch) / images;
  return (
    <p className="cost small muted">
      {short(cost.parameters)} weights · {short(cost.flops)}FLOP a step · {short(cost.arenaBytes)}B ·{" "}
      {epochs.toFixed(epochs < 10 ? 1 : 0)} epochs
      {seconds !== null && ` · about ${clock(seconds)}`}
    </p>
  );
}
