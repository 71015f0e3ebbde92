import { useRef } from "react";
import { importFiles } from "./runs";

/** Opens files, run files or selections. @param what they are, for people: "Run file" */
export function FileButton({ title, what, hint }: { title: string; what: string; hint: string }) {
  const field = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" className="button slim" title={hint} onClick={() => field.current?.click()}>
        {title}
      </button>
      <input
        ref={field}
        type="file"
        accept=".jsonl,.gz,.json,.txt"
        multiple
        hidden
        aria-label={what}
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          event.target.value = "";
          if (files.length > 0) importFiles(files);
        }}
      />
    </>
  );
}
