/** Why there are no figures, and how to try again. */
export function NoFigures({ failure, retry }: { failure: string; retry: () => void }) {
  return (
    <div className="notice danger" role="alert">
      <p>
        <strong>No benchmark figures.</strong> {failure}. The search runs without them.
      </p>
      <div className="actions">
        <button type="button" className="button slim" onClick={retry}>
          Load again
        </button>
      </div>
    </div>
  );
}
