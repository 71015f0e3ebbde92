import { useApp } from "./store";

/** What was mended in the link that the page was opened with. */
export function LinkNotes() {
  const notes = useApp((state) => state.linkNotes);
  if (notes.length === 0) return null;
  return (
    <div className="notice failure" role="status">
      <details open={notes.length <= 3}>
        <summary>
          <strong>The link was mended</strong> in {notes.length} place{notes.length === 1 ? "" : "s"}.
        </summary>
        <ul className="small">
          {notes.map((note, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the list does not change
            <li key={i}>{note}</li>
          ))}
        </ul>
      </details>
      <button type="button" className="button slim" onClick={() => useApp.setState({ linkNotes: [] })}>
        Dismiss
      </button>
    </div>
  );
}
