import { Bar } from "./bar/Bar";
import { BenchmarkPanel } from "./benchmark/BenchmarkPanel";
import { Cell } from "./cell/Cell";
import { Curves } from "./curves/Curves";
import { Drawer } from "./drawer/Drawer";
import { Failure } from "./Failure";
import { Explanation } from "./knobs/Explanation";
import { Knobs } from "./knobs/Knobs";
import { Pending } from "./knobs/Pending";
import { LinkNotes } from "./LinkNotes";
import { Posterior } from "./posterior/Posterior";
import { DropTarget } from "./runs/DropTarget";
import { ShownRun } from "./runs/ShownRun";
import { Story } from "./Story";
import { SetUp } from "./setup/SetUp";
import { useApp } from "./store";
import { Timeline } from "./timeline/Timeline";

export function App() {
  const wide = useApp(({ drawer }) => drawer !== null && drawer !== "share");
  return (
    <div className={`page ${wide ? "with-wide-drawer" : ""}`}>
      <Bar />
      <main className="column-subject">
        <div>
          <ShownRun />
          <Failure />
          <LinkNotes />
          <Story />
        </div>
        <Cell />
        <Posterior />
      </main>
      <Drawer>
        <aside className="column-figures" aria-label="Figures">
          <BenchmarkPanel />
          <Curves />
        </aside>
      </Drawer>
      <aside className="column-set" aria-label="Settings">
        <div className="column-scroll">
          <SetUp />
          <Knobs />
        </div>
        <Pending />
        <Explanation />
      </aside>
      <Timeline />
      <DropTarget />
    </div>
  );
}
