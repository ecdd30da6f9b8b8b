/* site/network.h: the network's layers and what each reads, as the atlas draws them. */
#ifndef CVZ_SITE_NETWORK_H
#define CVZ_SITE_NETWORK_H

#include "base/text.h"
#include "graph/graph.h"

/** Appends [{"name", "class", "inputs": [places of layers in this list]}] as JSON, for cvz_manifest.network. */
cvz_status cvz_network_json(const cvz_graph *graph, cvz_text *text, cvz_error *error);

#endif
