import { Bar } from "./bar/Bar";
import { BenchmarkPanel } from "./benchmark/BenchmarkPanel";
import { Cell } from "./cell/Cell";
import { Curves } from "./curves/Curves";
import { Failure } from "./Failure";
import { Explanation } from "./knobs/Explanation";
import { Knobs } from "./knobs/Knobs";
import { Pending } from "./knobs/Pending";
import { Posterior } from "./posterior/Posterior";
import { Story } from "./Story";
import { SetUp } from "./setup/SetUp";
import { Timeline } from "./timeline/Timeline";

export function App() {
  return (
    <div className="page">
      <Bar />
      <main className="column-subject">
        <div>
          <Failure />
          <Story />
        </div>
        <Cell />
        <Posterior />
      </main>
      <aside className="column-figures" aria-label="Figures">
        <BenchmarkPanel />
        <Curves />
      </aside>
      <aside className="column-set" aria-label="Settings">
        <div className="column-scroll">
          <SetUp />
          <Knobs />
        </div>
        <Pending />
        <Explanation />
      </aside>
      <Timeline />
    </div>
  );
}
