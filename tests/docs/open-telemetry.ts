/** A span, as a stub of `@opentelemetry/api` notes it. */
export interface NotedSpan {
  name: string;
  kind: number;
  attributes: Record<string, unknown>;
  status: object | undefined;
  /** How often it was ended. */
  ended: number;
}

/** A stub of the parts of `@opentelemetry/api` that docs/tracing.md uses, and the spans that it was given. */
export function openTelemetry() {
  const spans: NotedSpan[] = [];
  const startSpan = (
    name: string,
    { kind, attributes }: Pick<NotedSpan, "kind" | "attributes">,
  ) => {
    const noted: NotedSpan = { name, kind, attributes, status: undefined, ended: 0 };
    spans.push(noted);
    return {
      id: spans.length,
      setAttribute: (key: string, value: unknown) =>
        void Object.assign(attributes, { [key]: value }),
      setStatus: (status: object) => void Object.assign(noted, { status }),
      end: () => {
        noted.ended += 1;
      },
    };
  };
  const api = {
    SpanKind: { CLIENT: 2 },
    SpanStatusCode: { ERROR: 2 },
    context: { active: () => ({}) },
    trace: {
      getTracer: () => ({ startSpan }),
      setSpan: (context: object, span: object) => ({ ...context, span }),
    },
    propagation: {
      inject({ span }: { span: { id: number } }, headers: Record<string, string>) {
        headers.traceparent = `00-trace-${span.id}-01`;
      },
    },
  };
  return { api, spans };
}
