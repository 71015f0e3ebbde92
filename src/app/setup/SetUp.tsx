import { setControl, setForm } from "../form";
import { clock, short } from "../format";
import { Field } from "../knobs/Field";
import { type Segment, Segments } from "../Segments";
import { type Objective, useApp } from "../store";
import { formOf, PRESETS, type Preset, presetOf } from "./presets";
import "./setup.css";

const CLASSES = ["T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"];

const SIZES = ["channels", "cells", "image", "images", "batch", "steps", "seed"] as const;
const INSTANT_SIZES = ["steps", "seed"] as const;

const OBJECTIVES: readonly Segment<Objective>[] = [
  { value: "supernet", label: "Supernet", title: "Train a weight-sharing supernet on images, as a real search does." },
  { value: "instant", label: "Instant", title: "Learn from the benchmark's own answers, which no real search sees." },
];
const PRESET_OPTIONS = PRESETS.map(
  (preset): Segment<Preset | null> => ({ value: preset, label: preset.title, title: preset.note }),
);

/** What is searched, how, on what, and how large. */
export function SetUp() {
  const draft = useApp((state) => state.draft);
  const instant = draft.objective === "instant";
  const preset = presetOf(draft);
  return (
    <section className="panel setup" aria-labelledby="setup-title">
      <div className="panel-head">
        <h2 id="setup-title">Set-up</h2>
        <span className="small muted">acts at reset</span>
      </div>
      <Segments
        label="Objective"
        name="objective"
        options={OBJECTIVES}
        value={draft.objective}
        onChange={(objective) => setControl("objective", objective)}
      />
      <Segments
        label="Preset"
        name="preset"
        className="presets"
        options={PRESET_OPTIONS}
        value={preset}
        onChange={(chosen) => chosen && setForm(formOf(chosen, draft.seed))}
      />
      {preset && <p className="small muted">{preset.note}</p>}
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
