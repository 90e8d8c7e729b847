import type { Options } from "ky";

/** Turns off what couchfetch does itself. The build drops ky's code for these options, and then the options. */
export const kyOptions: Options = {
  timeout: false,
  retry: { methods: [] },
  throwHttpErrors: false,
};
