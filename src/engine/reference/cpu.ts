import "@tensorflow/tfjs-backend-cpu";
import { LossSignal, type OpenDevice } from "../device";
import { activate, factory } from "./backend";

/** TensorFlow.js in plain JavaScript: everywhere, and slow. */
export async function open(): Promise<OpenDevice> {
  await activate("cpu");
  return {
    description: "plain JavaScript, one core",
    createEngine: factory("cpu"),
    onLost: new LossSignal().onLost,
    close: () => {},
  };
}
