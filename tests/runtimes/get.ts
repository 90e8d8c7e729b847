/** Gets the runtimes that npm has, before tests that run side by side want them. */

import { installPrograms } from "./programs.js";

installPrograms();
