import { lazy, type ReactNode, Suspense } from "react";
import { type DrawerName, openDrawer, useApp } from "../store";
import "./drawer.css";

/** What a drawer is called, and its panel, which is loaded when it first opens. */
const DRAWERS: readonly { name: DrawerName; title: string; hint: string }[] = [
  { name: "share", title: "Share", hint: "A link that repeats the run; the cell, the run and the figures as files" },
];

const PANELS: Partial<Record<DrawerName, ReturnType<typeof lazy>>> = {
  share: lazy(() => import("../share/Share")),
};

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

/** A drawer in place of the side columns; without one, `children`. */
export function Drawer({ children }: { children: ReactNode }) {
  const name = useApp((state) => state.drawer);
  const Panel = name && PANELS[name];
  if (!Panel) return children;
  const title = DRAWERS.find((each) => each.name === name)?.title;
  return (
    <aside className={`drawer drawer-${name}`} aria-label={title}>
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
}
