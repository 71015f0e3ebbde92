import { lazy, type ReactNode, Suspense, useEffect, useRef } from "react";
import { type DrawerName, openDrawer, useApp } from "../store";
import "./drawer.css";

/** What a drawer is called, and its panel, which is loaded when it first opens. */
const DRAWERS: readonly { name: DrawerName; title: string; hint: string }[] = [
  { name: "runs", title: "Runs", hint: "Runs kept on this machine; import a run file" },
  { name: "compare", title: "Compare", hint: "Runs and seeds in one view" },
  {
    name: "select",
    title: "Select",
    hint: "Draw architectures from the learned distribution and rank them without training",
  },
  { name: "train", title: "Train", hint: "Train cells from scratch, side by side, and see what they get wrong" },
  { name: "sharpness", title: "Sharpness", hint: "How the loss curves around the mean, and what the noise costs" },
  { name: "share", title: "Share", hint: "A link that repeats the run; the cell, the run and the figures as files" },
];

const PANELS: Partial<Record<DrawerName, ReturnType<typeof lazy>>> = {
  runs: lazy(() => import("../runs/RunsDrawer")),
  compare: lazy(() => import("../compare/CompareDrawer")),
  select: lazy(() => import("../select/SelectDrawer")),
  train: lazy(() => import("../train/TrainDrawer")),
  sharpness: lazy(() => import("../sharpness/SharpnessDrawer")),
  share: lazy(() => import("../share/Share")),
};

/** Drawers that take the place of the settings alone. */
const BESIDE_FIGURES: ReadonlySet<DrawerName> = new Set(["share"]);

/** The buttons that open drawers. */
export function DrawerButtons() {
  const open = useApp((state) => state.drawer);
  return (
    <nav className="drawers" aria-label="Drawers">
      {DRAWERS.map(({ name, title, hint }) => (
        <button
          key={name}
          type="button"
          className="button slim"
          aria-pressed={open === name}
          title={hint}
          onClick={() => openDrawer(open === name ? null : name)}
        >
          {title}
        </button>
      ))}
    </nav>
  );
}

/** A drawer: in place of `children`, the figures; sharing shows them beside it, because it saves them. */
export function Drawer({ children }: { children: ReactNode }) {
  const name = useApp((state) => state.drawer);
  const Panel = name && PANELS[name];
  const ref = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a narrow page the drawer stands below the subject.
    if (name) ref.current?.scrollIntoView({ block: "start" });
  }, [name]);
  if (!Panel || !name) return children;
  const title = DRAWERS.find((each) => each.name === name)?.title;
  const drawer = (
    <aside ref={ref} className={`drawer drawer-${name}`} aria-label={title}>
      <div className="panel-head">
        <h2>{title}</h2>
        <button type="button" className="button plain slim" onClick={() => openDrawer(null)}>
          Close
        </button>
      </div>
      <Suspense fallback={<p className="small muted">Opening…</p>}>
        <Panel />
      </Suspense>
    </aside>
  );
  return (
    <>
      {BESIDE_FIGURES.has(name) && children}
      {drawer}
    </>
  );
}
