import type { GraphEdge, TrustGraph } from "../../components/trust/graph";

/** The graph as a Mermaid flowchart: GitHub, GitLab and https://mermaid.live draw it. */
export function mermaid(graph: TrustGraph): string {
  const entry = graph.entry.name;
  const external = [...new Set(graph.edges.filter((it) => it.external).map((it) => it.to))].sort();
  return [
    "flowchart LR",
    ...Object.keys(graph.entry.hosts).map((host, index) => `  host${index}(["${host}"]) -- TLS --> ${id(entry)}`),
    ...Object.entries(graph.services).map(([name, it]) =>
      it.tls === "entry"
        ? `  ${id(name)}{{"${name}"}}`
        : `  ${id(name)}["${name}${it.tls === "own" ? " (own TLS)" : ""}"]`,
    ),
    ...external.map((name) => `  ${id(name)}[/"${name} (outside)"/]`),
    ...graph.edges.map((it) => `  ${id(it.from)} ${arrow(it)} ${id(it.to)}`),
  ].join("\n");
}

/** Strict edges are thick, edges in audit dashed, edges without client certificate thin. */
function arrow(edge: GraphEdge): string {
  const label = edge.external
    ? "TLS, outside"
    : { strict: "mutual TLS", audit: "audit", off: "server TLS" }[edge.enforcement];
  const words = edge.protocol === "tcp" ? `${label}, tcp` : label;
  if (edge.external || edge.enforcement === "off") return `-- "${words}" -->`;
  return edge.enforcement === "audit" ? `-. "${words}" .->` : `== "${words}" ==>`;
}

/** Names are DNS labels; a word such as `end` would be one of Mermaid's own. */
function id(name: string): string {
  return `n_${name.replace(/[^a-z0-9]/gi, "_")}`;
}
