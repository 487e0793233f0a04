// A test's queries as a tree: each below the query whose rows it belongs to, equals put together.
const FOLDED_FROM = 3;

// Nodes are {query | queries, children}; `queries` are repetitions of one statement.
function treeOf(queries) {
  const nodes = new Map(queries.map((query) => [query.index, { query, children: [] }]));
  const roots = [];
  for (const node of nodes.values()) {
    const parent = node.query.parent === null ? undefined : nodes.get(node.query.parent);
    if (parent && parent !== node && parent.query.place < node.query.place) parent.children.push(node);
    else roots.push(node);
  }
  return neighbours(roots);
}

const sameKey = ({ query }) => `${query.fingerprint || query.statement} ${query.site} ${query.loading} ${query.cause}`;

// At the top the order tells the story: only repetitions that follow each other are folded.
function neighbours(nodes) {
  const runs = [];
  for (const node of nodes) {
    const last = runs.at(-1);
    if (last && last.key === sameKey(node)) last.nodes.push(node);
    else runs.push({ key: sameKey(node), nodes: [node] });
  }
  return runs.flatMap(({ nodes: same }) => folded(same));
}

// Below a parent all equals belong together, though others run between them.
function siblings(nodes) {
  const groups = new Map();
  for (const node of nodes) {
    const key = sameKey(node);
    if (groups.has(key)) groups.get(key).push(node);
    else groups.set(key, [node]);
  }
  return [...groups.values()].flatMap(folded);
}

function folded(nodes) {
  if (nodes.length < FOLDED_FROM)
    return nodes.map((node) => ({ queries: [node.query], children: siblings(node.children) }));
  return [{ queries: nodes.map((node) => node.query), each: nodes, children: siblings(nodes.flatMap((node) => node.children)) }];
}
