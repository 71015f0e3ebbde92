import { DARTS } from "./darts";
import type { Choices } from "./space";

/** An architecture of the DARTS space that a paper found. */
export interface PublishedGenotype {
  /** As its code calls it, for the command line and for exports. */
  readonly id: string;
  readonly title: string;
  readonly choices: Choices;
  /** The paper, and the repository that the genotype was copied from. */
  readonly paper: string;
  readonly source: string;
  /** Parameters that the paper prints for CIFAR-10, millions; null where it prints none for this network. */
  readonly millions: number | null;
}

const DARTS_PAPER = "Liu, Simonyan and Yang, DARTS: Differentiable Architecture Search, ICLR 2019";
const PDARTS_PAPER = "Chen, Xie, Wu and Tian, Progressive Differentiable Architecture Search, ICCV 2019";
const PC_DARTS_PAPER =
  "Xu et al., PC-DARTS: Partial Channel Connections for Memory-Efficient Architecture Search, ICLR 2020";
const DRNAS_PAPER = "Chen, Wang, Cheng, Tang and Hsieh, DrNAS: Dirichlet Neural Architecture Search, ICLR 2021";
const GDAS_PAPER = "Dong and Yang, Searching for a Robust Neural Architecture in Four GPU Hours, CVPR 2019";

const published = (
  id: string,
  title: string,
  millions: number | null,
  paper: string,
  source: string,
  normal: string,
  reduce: string,
): PublishedGenotype => ({
  id,
  title,
  millions,
  paper,
  source,
  choices: DARTS.parse(
    `Genotype(normal=[${normal}], normal_concat=range(2, 6), reduce=[${reduce}], reduce_concat=range(2, 6))`,
  ),
});

/** Copied letter for letter from their authors' code. Found on CIFAR-10 unless the title says otherwise. */
export const PUBLISHED_GENOTYPES: readonly PublishedGenotype[] = [
  published(
    "DARTS_V1",
    "DARTS V1",
    // Its code does not say which row of the paper's table this cell belongs to; none prints its 3.2 M parameters.
    null,
    DARTS_PAPER,
    "quark0/darts",
    "('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 0), ('sep_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 2)",
    "('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 0), ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), ('avg_pool_3x3', 0)",
  ),
  published(
    "DARTS_V2",
    "DARTS V2",
    3.3,
    DARTS_PAPER,
    "quark0/darts",
    "('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)",
    "('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)",
  ),
  published(
    "GDAS_V1",
    "GDAS",
    3.4,
    GDAS_PAPER,
    "D-X-Y/AutoDL-Projects",
    "('skip_connect', 0), ('skip_connect', 1), ('skip_connect', 0), ('sep_conv_5x5', 2), ('sep_conv_3x3', 3), ('skip_connect', 0), ('sep_conv_5x5', 4), ('sep_conv_3x3', 3)",
    "('sep_conv_5x5', 0), ('sep_conv_3x3', 1), ('sep_conv_5x5', 2), ('sep_conv_5x5', 1), ('dil_conv_5x5', 2), ('sep_conv_3x3', 1), ('sep_conv_5x5', 0), ('sep_conv_5x5', 1)",
  ),
  published(
    "PDARTS",
    "P-DARTS",
    3.4,
    PDARTS_PAPER,
    "chenxin061/pdarts",
    "('skip_connect', 0), ('dil_conv_3x3', 1), ('skip_connect', 0),('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('sep_conv_3x3', 3), ('sep_conv_3x3',0), ('dil_conv_5x5', 4)",
    "('avg_pool_3x3', 0), ('sep_conv_5x5', 1), ('sep_conv_3x3', 0), ('dil_conv_5x5', 2), ('max_pool_3x3', 0), ('dil_conv_3x3', 1), ('dil_conv_3x3', 1), ('dil_conv_5x5', 3)",
  ),
  published(
    "PC_DARTS_cifar",
    "PC-DARTS",
    3.6,
    PC_DARTS_PAPER,
    "yuhuixu1993/PC-DARTS",
    "('sep_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 0), ('dil_conv_3x3', 1), ('sep_conv_5x5', 0), ('sep_conv_3x3', 1), ('avg_pool_3x3', 0), ('dil_conv_3x3', 1)",
    "('sep_conv_5x5', 1), ('max_pool_3x3', 0), ('sep_conv_5x5', 1), ('sep_conv_5x5', 2), ('sep_conv_3x3', 0), ('sep_conv_3x3', 3), ('sep_conv_3x3', 1), ('sep_conv_3x3', 2)",
  ),
  published(
    "PC_DARTS_image",
    "PC-DARTS, ImageNet",
    null,
    PC_DARTS_PAPER,
    "yuhuixu1993/PC-DARTS",
    "('skip_connect', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 0), ('skip_connect', 1), ('sep_conv_3x3', 1), ('sep_conv_3x3', 3), ('sep_conv_3x3', 1), ('dil_conv_5x5', 4)",
    "('sep_conv_3x3', 0), ('skip_connect', 1), ('dil_conv_5x5', 2), ('max_pool_3x3', 1), ('sep_conv_3x3', 2), ('sep_conv_3x3', 1), ('sep_conv_5x5', 0), ('sep_conv_3x3', 3)",
  ),
  published(
    "DrNAS_cifar10",
    "DrNAS",
    null,
    DRNAS_PAPER,
    "xiangning-chen/DrNAS",
    "('sep_conv_3x3', 0), ('sep_conv_5x5', 1), ('sep_conv_3x3', 1), ('sep_conv_3x3', 2), ('skip_connect', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 2), ('dil_conv_5x5', 3)",
    "('max_pool_3x3', 0), ('sep_conv_5x5', 1), ('dil_conv_5x5', 2), ('sep_conv_5x5', 1), ('sep_conv_5x5', 1), ('dil_conv_5x5', 3), ('skip_connect', 4), ('sep_conv_5x5', 1)",
  ),
  published(
    "DrNAS_imagenet",
    "DrNAS, ImageNet",
    null,
    DRNAS_PAPER,
    "xiangning-chen/DrNAS",
    "('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('dil_conv_3x3', 3), ('skip_connect', 0), ('sep_conv_3x3', 1)",
    "('max_pool_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 2), ('sep_conv_3x3', 0), ('sep_conv_3x3', 2), ('sep_conv_3x3', 3), ('sep_conv_3x3', 1)",
  ),
];
