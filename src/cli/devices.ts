import { listDevices } from "../engine/devices";
import { helpText, type OptionTable, parseOptions } from "./options";

const OPTIONS: OptionTable = { own: {}, controls: [] };

/** `nas devices`: a line a device, with its self-test, or why it cannot be used. */
export async function devices(args: readonly string[]): Promise<void> {
  if (parseOptions(args, OPTIONS).has("help")) {
    console.log(helpText("devices", "Lists the devices, each with its self-test.", OPTIONS));
    return;
  }
  for (const entry of await listDevices()) console.log(JSON.stringify(entry));
}
