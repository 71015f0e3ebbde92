import { fixed } from "../format";
import { nameOf } from "../runs/summary";
import { Curves } from "./Curves";
import { Measure } from "./Measure";
import { useMeasurement } from "./measurement";
import { Slice } from "./Slice";
import { Spectrum } from "./Spectrum";
import "./sharpness.css";
import { digitsFor, directionWords } from "./words";

/** How the loss curves around the mean: through the search, by direction, and in a plane. */
export default function SharpnessDrawer() {
  return (
    <div className="sharpness">
      <p className="small muted">
        How much worse the loss gets when the architecture moves off the mean. BaLeNAS learns from the loss averaged
        over its Gaussian, which to second order is E[L(μ + σε)] ≈ L(μ) + ½ tr(σ²H): a sharp direction costs, a flat one
        does not. H is the Hessian of the validation loss by the architecture parameters, on one fixed batch, with the
        weights as they are.
      </p>
      <Measure />
      <Curves />
      <Found />
    </div>
  );
}

/** What was found where it was asked for. */
function Found() {
  const latest = useMeasurement((state) => state.latest);
  const progress = latest?.progress;
  const found = progress?.found;
  if (!latest || !progress || !found) return null;
  const { recording } = latest;
  const { space } = recording;
  const { penalty, penaltyError, excess, leading, whole } = found;
  const digits = digitsFor(penalty ?? 0);
  return (
    <>
      <h3>
        After step {progress.step}, {nameOf(recording.settings)}
      </h3>
      {penalty !== null && (
        <p className="small" data-testid="penalty">
          ½ tr(σ²H) is <b>{fixed(penalty, digits)}</b>
          {whole ? "" : ` ± ${fixed(penaltyError, digits)}`} nats.{" "}
          {excess && (
            <>
              By {excess.pairs} pairs of opposite draws from the Gaussian its loss is{" "}
              <b>{fixed(excess.mean, digits)}</b> ± {fixed(excess.error, digits)} above that at the mean:{" "}
              {agreement(penalty, penaltyError, excess)}.
            </>
          )}
        </p>
      )}
      <div className="sharpness-pair">
        <Slice found={found} />
        <div className="sharpness-side">
          <Spectrum found={found} />
          <dl className="small sharpness-directions">
            {leading.vectors.map((vector, i) => (
              <div key={String(i)}>
                <dt>
                  Direction {i + 1}, λ = {fixed(leading.values[i], digitsFor(leading.values[i]))}
                </dt>
                <dd className="muted">{directionWords(space, vector)}</dd>
              </div>
            ))}
          </dl>
        </div>
      </div>
    </>
  );
}

/** Whether the second order tells what the noise costs. */
function agreement(penalty: number, penaltyError: number, excess: { mean: number; error: number }): string {
  const apart = Math.abs(penalty - excess.mean);
  const noise = 2 * Math.hypot(excess.error, penaltyError);
  if (apart <= Math.max(noise, 0.2 * Math.abs(excess.mean))) return "the second order tells it well";
  return "at scales this wide the orders beyond the second matter";
}
