import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { ReferenceEngine } from "../../src/engine/reference/engine";
import { engineCases } from "../engine/cases";

engineCases(async () => {
  await tf.setBackend("cpu");
  return {
    create: async (spec, weights) => new ReferenceEngine(spec, weights),
    tensors: () => tf.memory().numTensors,
  };
});
