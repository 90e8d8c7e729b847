/** What the tests use of webpack, which is installed when they need it. */
declare module "webpack" {
  interface Compiler {
    run(done: (error: Error | null, stats?: { compilation: { errors: Error[] } }) => void): void;
    close(done: () => void): void;
  }
  export default function webpack(options: object): Compiler;
}
