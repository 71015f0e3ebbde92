import { dartsGenotype, jsonGenotype } from "../../core/export/genotype";
import { pytorchModule } from "../../core/export/pytorch";
import { history } from "../history";
import { type Moment, useMoment } from "../moment";
import { fileText } from "../runs/runs";
import { linkOf, runFileText } from "../session";
import { useApp } from "../store";
import { type Act, Button, FigureButtons, useAct } from "./actions";
import { download } from "./download";
import "./share.css";
import { arraysOf, csvOf } from "./tables";

/** Panels that make figures, by their place on the page. */
const FIGURES = [
  { name: "cell", title: "Cell", selector: ".cell .drawing" },
  { name: "posterior", title: "Posterior", selector: ".posterior" },
  { name: "benchmark", title: "Benchmark accuracy", selector: ".benchmark" },
  { name: "curves", title: "Curves of the search", selector: ".curves" },
] as const;

/** The run file of the run on screen. */
function shownFile(): Promise<string> {
  const { shownRun } = useApp.getState();
  return shownRun === null ? runFileText() : fileText(shownRun);
}

/** A link that repeats the run, and everything of it as files. */
export default function Share() {
  const moment = useMoment();
  const { said, act } = useAct();
  return (
    <div className="share">
      <Link act={act} />
      <section aria-labelledby="share-cell">
        <h3 id="share-cell">The cell of step {moment.step}</h3>
        <Cell moment={moment} act={act} />
      </section>
      <section aria-labelledby="share-run">
        <h3 id="share-run">The whole run</h3>
        <p className="small muted">
          The run file holds every noise, gradient and update in float64, enough to recompute the posterior by hand.
        </p>
        <div className="actions">
          <Button onClick={() => act("Run file saved.", async () => download(named("jsonl"), await shownFile()))}>
            Run file
          </Button>
          <Button onClick={() => act("CSV saved.", () => download(named("csv"), csvOf(history.recording), "text/csv"))}>
            CSV
          </Button>
          <Button
            onClick={() =>
              act("NumPy file saved.", async () => {
                const { zipSync } = await import("fflate");
                download(named("npz"), zipSync(arraysOf(history.recording)), "application/zip");
              })
            }
          >
            NumPy (npz)
          </Button>
        </div>
      </section>
      <section aria-labelledby="share-figures">
        <h3 id="share-figures">Figures, as they stand</h3>
        <Figures act={act} />
      </section>
      <p className="small said" role="status">
        {said}
      </p>
    </div>
  );
}

function Link({ act }: { act: Act }) {
  useMoment();
  useApp((state) => state.applied);
  const link = linkOf();
  return (
    <section aria-labelledby="share-link">
      <h3 id="share-link">Link</h3>
      <p className="small muted">
        Carries every setting, the seed and each edit with its step. Whoever opens it starts the same run; on the same
        kind of device the numbers are the same.
      </p>
      <input
        className="link"
        readOnly
        value={link}
        aria-label="Link to this run"
        onFocus={(event) => event.target.select()}
      />
      <div className="actions">
        <Button onClick={() => act("Link copied.", () => navigator.clipboard.writeText(link))}>Copy the link</Button>
      </div>
    </section>
  );
}

function Cell({ moment, act }: { moment: Moment; act: Act }) {
  const { space, choices, architecture } = moment;
  const genotype = space.rowsAre === "edges" ? dartsGenotype(space, choices) : architecture;
  const copy = (what: string, text: string) => act(`${what} copied.`, () => navigator.clipboard.writeText(text));
  return (
    <>
      <code className="small">{architecture}</code>
      <div className="actions">
        <Button onClick={() => copy("Architecture string", architecture)}>Copy the string</Button>
        {genotype !== architecture && <Button onClick={() => copy("Genotype", genotype)}>Copy as Genotype(…)</Button>}
        <Button
          onClick={() =>
            act("JSON saved.", () => download("cell.json", jsonGenotype(space, choices), "application/json"))
          }
        >
          JSON
        </Button>
        {space.rowsAre === "edges" && (
          <Button
            onClick={() =>
              act("PyTorch module saved.", () =>
                download("cell.py", pytorchModule(space, choices, space.published), "text/x-python"),
              )
            }
          >
            PyTorch module
          </Button>
        )}
      </div>
      {space.rowsAre === "nodes" && (
        <p className="small muted">
          The JSON file has the matrix and the operations that NAS-Bench-101's own code builds the network from; there
          is no PyTorch module of it here.
        </p>
      )}
    </>
  );
}

function Figures({ act }: { act: Act }) {
  return (
    <ul className="figures">
      {FIGURES.filter(({ selector }) => document.querySelector(selector)).map((figure) => (
        <li key={figure.name}>
          {figure.title}
          <span className="actions">
            <FigureButtons {...figure} act={act} />
          </span>
        </li>
      ))}
    </ul>
  );
}

/** A file name that says which run it is. */
function named(extension: string): string {
  const { method, space, seed } = history.recording.settings;
  return `${method}-${space}-seed${seed}.${extension}`;
}
