import { type ReactNode, useState } from "react";
import { messageOf } from "../../core/errors";
import { download } from "./download";
import { figureOf, pngOf } from "./figure";

/** Does something that may fail, and says what came of it. */
export type Act = (what: string, work: () => unknown) => void;

export function useAct(): { readonly said: string | null; readonly act: Act } {
  const [said, say] = useState<string | null>(null);
  const act = async (what: string, work: () => unknown) => {
    try {
      await work();
      say(what);
    } catch (error) {
      say(`That did not work: ${messageOf(error)}.`);
    }
  };
  return { said, act };
}

export function Button({ onClick, children }: { onClick: () => void; children: ReactNode }) {
  return (
    <button type="button" className="button slim" onClick={onClick}>
      {children}
    </button>
  );
}

/** Save a part of the page as a figure. @param name of the file @param selector where it is on the page */
export function FigureButtons(props: { name: string; title: string; selector: string; act: Act }) {
  const { name, title, selector, act } = props;
  const picture = () => {
    const panel = document.querySelector(selector);
    if (!panel) throw new Error("the panel is not on the page now");
    return figureOf(panel);
  };
  return (
    <>
      <Button
        onClick={() => act(`${title} saved as SVG.`, () => download(`${name}.svg`, picture().svg, "image/svg+xml"))}
      >
        SVG<span className="hidden"> of {title}</span>
      </Button>
      <Button
        onClick={() => act(`${title} saved as PNG.`, async () => download(`${name}.png`, await pngOf(picture())))}
      >
        PNG<span className="hidden"> of {title}</span>
      </Button>
    </>
  );
}
