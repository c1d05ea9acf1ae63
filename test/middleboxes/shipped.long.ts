import { SHIPPED_PROXIES } from "../support/middleboxes/middleboxes.ts";
import { describeShipped } from "../support/middleboxes/shipped-suite.ts";

describeShipped(SHIPPED_PROXIES);
