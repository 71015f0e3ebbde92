import { useEffect, useRef, useState } from "react";
import { messageOf } from "../../core/errors";
import type { TestImages } from "../../worker/protocol";
import { count, fixed } from "../format";
import { workerControl } from "../session";

/** An entry of the confusion matrix. */
export interface Entry {
  readonly label: number;
  /** The class that the images were taken for. */
  readonly taken: number;
}

/** Pictures shown at most. */
const MOST = 20;

interface Props {
  network: number;
  entry: Entry;
  /** Images of the entry. */
  count: number;
  classes: readonly string[];
  /** Epochs after which it was tested: the pictures change with them. */
  epoch: number;
}

/** The test images of an entry: mistakes that the network is surest of first, or right answers that it is least sure of. */
export function Mistakes({ network, entry, count: all, classes, epoch }: Props) {
  const { label, taken } = entry;
  const [found, setFound] = useState<TestImages | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: after another epoch it is other images
  useEffect(() => {
    let mounted = true;
    workerControl()
      .testImages({ network, label, taken, most: MOST })
      .then(
        (images) => mounted && setFound(images),
        (error) => mounted && setProblem(messageOf(error)),
      );
    return () => {
      mounted = false;
    };
  }, [network, label, taken, epoch]);
  const right = label === taken;
  return (
    <section className="train-images" aria-labelledby="train-images">
      <h4 id="train-images" className="small">
        {right ? `${classes[label]}, recognised` : `${classes[label]}, taken for ${classes[taken]}`}
        <span className="muted">
          {" "}
          · {all > MOST ? `${MOST} of ${count(all)}` : count(all)}, the {right ? "least sure" : "surest"} first
        </span>
      </h4>
      {problem !== null && <p className="notice danger">{problem}</p>}
      <ul>
        {found?.images.map(({ place, pixels, taken: sure, own }) => {
          const [surePercent, ownPercent] = [percent(sure), percent(own)];
          const words = right
            ? `${classes[label]} ${ownPercent}`
            : `${classes[label]} ${ownPercent}, taken for ${classes[taken]} ${surePercent}`;
          return (
            <li key={place} title={`Test image ${place + 1}: ${words}`}>
              <Picture side={found.side} pixels={pixels} label={`Test image ${place + 1}: ${words}`} />
              <span aria-hidden="true">{surePercent}</span>
              {!right && (
                <span aria-hidden="true" className="muted">
                  {ownPercent}
                </span>
              )}
            </li>
          );
        })}
      </ul>
      <p className="small muted">
        {all === 0 ? (
          "None."
        ) : right ? (
          "Under each, how likely the network holds its class."
        ) : (
          <>
            Under each, how likely the network holds {classes[taken]}, which is wrong, and {classes[label]}, which is
            right. Drawn as the data set has them.
          </>
        )}
      </p>
    </section>
  );
}

const percent = (share: number) => `${fixed(100 * share, share < 0.095 ? 1 : 0)} %`;

/** A grey image, pixel by pixel. */
function Picture({ side, pixels, label }: { side: number; pixels: Uint8Array; label: string }) {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = ref.current?.getContext("2d");
    if (!context) return;
    const image = context.createImageData(side, side);
    for (const [i, grey] of pixels.entries()) image.data.set([grey, grey, grey, 255], 4 * i);
    context.putImageData(image, 0, 0);
  }, [side, pixels]);
  return <canvas ref={ref} width={side} height={side} role="img" aria-label={label} />;
}
