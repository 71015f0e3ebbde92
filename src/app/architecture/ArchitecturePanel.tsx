import { useMemo } from "react";
import { placedCells } from "../../core/darts";
import { PUBLISHED_GENOTYPES, type PublishedGenotype } from "../../core/published-genotypes";
import type { Choices, SearchSpace } from "../../core/space";
import { fixed, short } from "../format";
import type { Moment } from "../moment";
import { useApp } from "../store";
import "./architecture.css";

/** What can be said of an architecture of a space without a table: its size, and how it compares with those that papers found. */
export default function ArchitecturePanel({ moment }: { moment: Moment }) {
  const { space, choices } = moment;
  const shown = useApp((state) => state.exhibit);
  const { parameters, flops } = useMemo(() => space.cost(choices, space.published), [space, choices]);
  const show = (genotype: PublishedGenotype | null) =>
    useApp.setState({
      exhibit: genotype && { space: "darts", title: genotype.title, note: "as published", choices: genotype.choices },
    });
  const paper = PUBLISHED_GENOTYPES.find(({ title }) => title === shown?.title);
  return (
    <section className="panel architecture-panel" aria-labelledby="architecture-title">
      <div className="panel-head">
        <h2 id="architecture-title">Architecture</h2>
      </div>
      <p className="headline">
        <span className="large">{short(parameters)}</span> parameters{" "}
        <span className="muted">· {short(flops)} FLOPs</span>
      </p>
      <p className="small muted">
        Of the most probable architecture, at the size that the paper trains for CIFAR-10:{" "}
        {placedCells(space.published).length} cells, {space.published.channels} channels. {space.title} has no table of
        accuracies: to know an architecture's, it has to be trained in full.
      </p>
      <table>
        <caption className="small muted">
          Architectures that papers found; press one to draw it. Shared: edges kept with the same operation as in the
          most probable one.
        </caption>
        <thead>
          <tr>
            <th scope="col">published</th>
            <th scope="col">params</th>
            <th scope="col">FLOPs</th>
            <th scope="col">shared of {keptEdges(space)}</th>
          </tr>
        </thead>
        <tbody>
          {PUBLISHED_GENOTYPES.map((genotype) => {
            const cost = space.cost(genotype.choices, space.published);
            const pressed = shown?.title === genotype.title;
            return (
              <tr key={genotype.id} className={pressed ? "chosen" : ""}>
                <th scope="row">
                  <button
                    type="button"
                    aria-pressed={pressed}
                    title={genotype.paper}
                    onClick={() => show(pressed ? null : genotype)}
                  >
                    {genotype.title}
                  </button>
                </th>
                <td>{fixed(cost.parameters / 1e6, 2)} M</td>
                <td>{fixed(cost.flops / 1e6, 0)} M</td>
                <td>{sharedEdges(space, choices, genotype.choices)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <p className="credit small muted">
        {paper ? `${paper.paper}; code: ${paper.source}.` : "Copied from the code of their authors."}
      </p>
    </section>
  );
}

/** Edges that every architecture keeps, over all kinds of cell. */
function keptEdges({ cellKinds, keptEdges: each, nodes, inputs }: SearchSpace): number {
  return cellKinds.length * (each ?? 0) * (nodes - inputs);
}

/** Edges that two architectures both keep, with the same operation. */
function sharedEdges({ rows }: SearchSpace, a: Choices, b: Choices): number {
  return rows.filter(({ choices }, row) => a[row] === b[row] && choices[a[row]] !== "none").length;
}
