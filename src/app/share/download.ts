/** Hands a file to the person. */
export function download(name: string, content: Blob | string | Uint8Array<ArrayBuffer>, type = "text/plain"): void {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser takes the address up in its own time.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
