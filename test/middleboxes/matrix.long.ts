import { describeMatrix } from "../support/middleboxes/matrix-suite.ts";
import { MIDDLEBOXES } from "../support/middleboxes/middleboxes.ts";

describeMatrix(MIDDLEBOXES);
