import { useMemo } from "react";
import { clock, short } from "../format";
import { Field } from "../knobs/Field";
import { setForm } from "../session";
import { useApp } from "../store";
import { searchCost } from "./cost";
import { formOf, PRESETS, presetOf } from "./presets";
import "./setup.css";

const CLASSES = ["T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"];

/** What is searched, how, on what, and how large. */
export function SetUp() {
  const draft = useApp((state) => state.draft);
  const chosen = presetOf(draft);
  return (
    <section className="panel setup" aria-labelledby="setup-title">
      <div className="panel-head">
        <h2 id="setup-title">Set-up</h2>
        <span className="small muted">acts at reset</span>
      </div>
      <fieldset className="segments" aria-label="Preset">
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
        <Field name="data" compact />
      </div>
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
      <div className="sizes">
        {(["channels", "cells", "image", "images", "batch", "steps", "seed"] as const).map((name) => (
          <Field key={name} name={name} compact />
        ))}
        <Cost />
      </div>
    </section>
  );
}

function Cost() {
  const draft = useApp((state) => state.draft);
  const applied = useApp((state) => state.applied);
  const rate = useApp((state) => state.rate);
  const cost = useMemo(() => searchCost(draft), [draft]);
  // The last run's speed, carried over in proportion to the work of a step.
  const seconds = applied && rate ? (draft.steps / rate) * (cost.step / searchCost(applied).step) : null;
  return (
    <p className="cost small muted">
      {short(cost.weights)} weights · {short(cost.step)}FLOP a step · {cost.epochs.toFixed(cost.epochs < 10 ? 1 : 0)}{" "}
      epochs
      {seconds !== null && ` · about ${clock(seconds)}`}
    </p>
  );
}
