import { lazy, memo, Suspense } from "react";
import { NAS_BENCH_201 } from "../../core/nasbench201";
import { Thumbnail } from "../gallery/Thumbnail";
import { useApp } from "../store";
import { Candidates } from "./Candidates";
import { Knobs } from "./Knobs";
import { Outcome } from "./Outcome";
import "./select.css";
import type { Selecting } from "./selection";
import { useSelection } from "./selection";

const Plots = memo(lazy(() => import("./Plots")));

/** BaLeNAS-TF: a group drawn from the distribution on screen, ranked by training-free proxies. */
export default function SelectDrawer() {
  const latest = useSelection((state) => state.latest);
  return (
    <div className="select">
      <p className="small muted">
        Architectures drawn from the learned distribution are ranked by what their networks give away with fresh
        weights, without training (BaLeNAS-TF), in place of the argmax. Accuracies are the benchmark's; the ranking
        never sees them.
      </p>
      <Knobs />
      {latest?.progress.result ? <Result latest={latest} result={latest.progress.result} /> : null}
    </div>
  );
}

function Result({ latest, result }: { latest: Selecting; result: NonNullable<Selecting["progress"]["result"]> }) {
  const { request, source } = latest;
  const facts = [
    `${request.samples} samples after step ${source.moment.step}, ${source.title}`,
    ...(request.temperature === 1 ? [] : [`temperature ${request.temperature}`]),
    drawnWords(Math.round(result.argmaxShare * request.samples)),
    ...(result.disconnected > 0 ? [`${result.disconnected} without a path from input to output, left out`] : []),
  ];
  return (
    <>
      <p className="small muted">{facts.join(" · ")}.</p>
      <Outcome source={source} result={result} />
      <Shown />
      {result.candidates.length > 0 && (
        <>
          <Suspense fallback={<div className="select-plots" />}>
            <Plots request={request} result={result} />
          </Suspense>
          <Candidates request={request} source={source} result={result} />
        </>
      )}
    </>
  );
}

function drawnWords(argmax: number): string {
  return argmax === 0
    ? "none of them is the argmax"
    : `the argmax was drawn ${argmax === 1 ? "once" : `${argmax} times`}`;
}

/** The cell that was pressed, where the large drawing is out of sight. */
function Shown() {
  const exhibit = useApp((state) => state.exhibit);
  const source = useSelection((state) => state.latest?.source);
  if (!exhibit || !source || exhibit.space !== NAS_BENCH_201.id) return null;
  return (
    <figure className="select-shown">
      <Thumbnail moment={source.moment} choices={exhibit.choices} />
      <figcaption className="small">
        {exhibit.title}: <code>{NAS_BENCH_201.format(exhibit.choices)}</code>
      </figcaption>
    </figure>
  );
}
