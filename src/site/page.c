#include "site/page.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/file.h"
#include "store/utf8.h"

static const char style[] =
    ":root{color-scheme:light dark;--paper:#fcfcfa;--ink:#1c1c1a;--soft:#6a6a64;--line:#dcdcd4;--link:#1a5a96;"
    "--warm:#9a4a10}\n"
    "@media(prefers-color-scheme:dark){:root{--paper:#141413;--ink:#e6e6e0;--soft:#9a9a92;--line:#353530;"
    "--link:#86bbea;--warm:#e8a468}}\n"
    "*{box-sizing:border-box}\n"
    "html{scroll-behavior:smooth}\n"
    "body{margin:0 auto;padding:3rem 1.25rem 4rem;max-width:70.4rem;background:var(--paper);color:var(--ink);"
    "font:1rem/1.55 system-ui,sans-serif;overflow-wrap:anywhere}\n"
    "a{color:var(--link);text-decoration-thickness:1px;text-underline-offset:.15em}\n"
    "h1{font-size:clamp(1.6rem,4vw,2.3rem);line-height:1.2;font-weight:650;margin:0 0 .5rem;text-wrap:balance}\n"
    "h2{font:600 1.15rem/1.3 ui-monospace,monospace;margin:0}\n"
    "h3{font-size:.8rem;font-weight:600;letter-spacing:.06em;text-transform:uppercase;color:var(--soft);"
    "margin:0 0 .5rem}\n"
    "p{max-width:44rem;margin:.5rem 0}\n"
    ".model{font:600 1.05rem/1.4 ui-monospace,monospace}\n"
    "bdi{unicode-bidi:isolate}\n"
    "section{border-top:1px solid var(--line);margin-top:3rem;padding-top:1.5rem}\n"
    ".facts{color:var(--soft);font-size:.92rem}\n"
    ".odd{color:var(--warm)}\n"
    "nav{border-top:1px solid var(--line);margin-top:2rem;padding-top:1.5rem}\n"
    "nav ol{columns:17rem;column-gap:2rem;list-style:none;margin:0;padding:0}\n"
    "nav li{break-inside:avoid;padding:.12rem 0;font:.9rem/1.5 ui-monospace,monospace}\n"
    "nav small{color:var(--soft);font:.8rem system-ui,sans-serif;margin-left:.4em}\n"
    "figure{margin:1.25rem 0 .5rem;text-align:center}\n"
    "figure a{display:inline-block;max-width:100%;background:#000;padding:5px;line-height:0}\n"
    "img{max-width:100%;height:auto}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.25rem;margin:.75rem 0;font-size:.92rem}\n"
    "dt{color:var(--soft)}\n"
    "dd{margin:0;font-family:ui-monospace,monospace;font-size:.88rem}\n"
    "summary{cursor:pointer;color:var(--soft)}\n"
    "footer{border-top:1px solid var(--line);margin-top:3rem;padding-top:1rem;color:var(--soft);font-size:.85rem}\n"
    "@media(max-width:36rem){body{padding-top:1.5rem}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}}\n";

static const char *entity(char c)
{
  switch (c) {
  case '&':
    return "&amp;";
  case '<':
    return "&lt;";
  case '>':
    return "&gt;";
  case '"':
    return "&quot;";
  case '\'':
    return "&#39;";
  }
  return (unsigned char)c < 0x20 || c == 0x7f ? "\xef\xbf\xbd" : NULL;
}

/* `raw` as text or attribute value of HTML. */
static void add_escaped(cvz_text *page, const char *raw)
{
  cvz_text clean = {0};
  cvz_utf8_add(&clean, raw);
  page->failed |= clean.failed;
  for (size_t i = 0; i < clean.length; i++) {
    const char *instead = entity(clean.data[i]);
    if (instead)
      cvz_text_add(page, "%s", instead);
    else
      cvz_text_add_bytes(page, clean.data + i, 1);
  }
  cvz_text_free(&clean);
}

/* RFC 3986, section 2.3; isalnum() would ask the locale. */
static bool is_unreserved(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c);
}

/* The address of a layer's file: every byte that is not unreserved as %XX. */
static void add_address(cvz_text *page, const char *stem, const char *extension)
{
  cvz_text_add(page, "layers/");
  for (const char *c = stem; *c; c++)
    if (is_unreserved(*c))
      cvz_text_add_bytes(page, c, 1);
    else
      cvz_text_add(page, "%%%02X", (unsigned)(unsigned char)*c);
  cvz_text_add(page, ".%s", extension);
}

static const char *text_of(const cvz_attribute *attributes, int count, const char *key, const char *otherwise)
{
  for (int i = 0; i < count; i++)
    if (attributes[i].kind == CVZ_ATTRIBUTE_TEXT && !strcmp(attributes[i].key, key) && *attributes[i].text)
      return attributes[i].text;
  return otherwise;
}

static const char *model_name(const cvz_attribute *attributes, int count)
{
  const char *file = text_of(attributes, count, "model", "a network");
  return text_of(attributes, count, "model_name", text_of(attributes, count, "arch", file));
}

static void add_head(cvz_text *page, const char *model)
{
  cvz_text_add(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Filters of ");
  add_escaped(page, model);
  cvz_text_add(page, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", style);
}

static void add_introduction(cvz_text *page, const char *model, const cvz_output_layer *layers, int count)
{
  long filters = 0;
  for (int i = 0; i < count; i++) filters += layers[i].count;
  cvz_text_add(page, "<header>\n<h1>What the filters respond to</h1>\n<p class=\"model\"><bdi>");
  add_escaped(page, model);
  cvz_text_add(page,
               "</bdi></p>\n<p class=\"facts\">%d %s, %ld %s</p>\n"
               "<p>Each tile is an input picture that excites one filter of the layer: made from noise by gradient "
               "ascent on the filter&#39;s mean activation. The tiles of a layer stand row by row in the order of its "
               "filters, from the upper left. Early layers answer to edges, colours and simple textures, later ones "
               "to patterns and parts of objects.</p>\n"
               "<p>A filter is <em>dead</em> where no gradient reached the picture, and <em>not a number</em> where "
               "its activation overflowed: these tiles are plain gray. Black tiles are missing.</p>\n"
               "</header>\n",
               count, count == 1 ? "layer" : "layers", filters, filters == 1 ? "filter" : "filters");
}

static void add_contents(cvz_text *page, const cvz_output_layer *layers, int count)
{
  if (count < 2) return;
  cvz_text_add(page, "<nav aria-label=\"Layers\">\n<h3>Layers</h3>\n<ol>\n");
  for (int i = 0; i < count; i++) {
    cvz_text_add(page, "<li><a href=\"#layer-%d\"><bdi>", i + 1);
    add_escaped(page, layers[i].name);
    cvz_text_add(page, "</bdi></a><small>%d</small></li>\n", layers[i].count);
  }
  cvz_text_add(page, "</ol>\n</nav>\n");
}

static void add_counts(cvz_text *page, const cvz_output_layer *layer)
{
  static const char *const words[CVZ_UNIT_STATUSES] = {"missing",      "rendered", "dead",
                                                       "not a number", "rescued",  "weak"};
  static const int order[CVZ_UNIT_STATUSES] = {CVZ_UNIT_OK,   CVZ_UNIT_RESCUED, CVZ_UNIT_WEAK,
                                               CVZ_UNIT_DEAD, CVZ_UNIT_NAN,     CVZ_UNIT_MISSING};
  for (int i = 0; i < CVZ_UNIT_STATUSES; i++) {
    const int number = layer->by_status[order[i]];
    if (!number) continue;
    cvz_text_add(page, " &middot; <span%s>%d %s</span>", order[i] == CVZ_UNIT_OK ? "" : " class=\"odd\"", number,
                 words[order[i]]);
  }
  if (isfinite(layer->best_loss)) cvz_text_add(page, " &middot; best activation %.4g", (double)layer->best_loss);
}

static void add_facts(cvz_text *page, const cvz_output_layer *layer)
{
  cvz_text_add(page, "<p class=\"facts\">");
  add_escaped(page, layer->class_name);
  if (*layer->shape) cvz_text_add(page, " &middot; ");
  add_escaped(page, layer->shape);
  add_counts(page, layer);
  cvz_text_add(page, "</p>\n");
}

static void add_picture(cvz_text *page, const cvz_output_layer *layer)
{
  cvz_text_add(page, "<figure><a href=\"");
  add_address(page, layer->stem, "png");
  cvz_text_add(page, "\"><img loading=\"lazy\" src=\"");
  add_address(page, layer->stem, "png");
  cvz_text_add(page, "\"");
  if (layer->width && layer->height) cvz_text_add(page, " width=\"%d\" height=\"%d\"", layer->width, layer->height);
  cvz_text_add(page, " alt=\"Grid of %d %s, %d to a row, for the filters of ", layer->count,
               layer->count == 1 ? "picture" : "pictures", layer->columns);
  add_escaped(page, layer->name);
  cvz_text_add(page, "\"></a></figure>\n");
}

static void add_layer(cvz_text *page, const cvz_output_layer *layer, int number)
{
  cvz_text_add(page, "<section id=\"layer-%d\">\n<h2><bdi>", number);
  add_escaped(page, layer->name);
  cvz_text_add(page, "</bdi></h2>\n");
  add_facts(page, layer);
  add_picture(page, layer);
  cvz_text_add(page, "<p class=\"facts\"><a href=\"");
  add_address(page, layer->stem, "png");
  cvz_text_add(page, "\">Grid (PNG)</a> &middot; <a href=\"");
  add_address(page, layer->stem, "h5");
  cvz_text_add(page, "\">Tiles, losses and parameters (HDF5)</a></p>\n</section>\n");
}

static void add_value(cvz_text *page, const cvz_attribute *attribute)
{
  switch (attribute->kind) {
  case CVZ_ATTRIBUTE_INTEGER:
    cvz_text_add(page, "%lld", (long long)attribute->integer);
    break;
  case CVZ_ATTRIBUTE_REAL:
    cvz_text_add(page, "%.9g", attribute->real);
    break;
  case CVZ_ATTRIBUTE_TEXT:
    add_escaped(page, attribute->text);
  }
}

static void add_parameters(cvz_text *page, const cvz_attribute *attributes, int count)
{
  cvz_text_add(page, "<section>\n<details>\n<summary>Parameters of the job</summary>\n<dl>\n");
  for (int i = 0; i < count; i++) {
    cvz_text_add(page, "<dt>");
    add_escaped(page, attributes[i].key);
    cvz_text_add(page, "</dt><dd>");
    add_value(page, &attributes[i]);
    cvz_text_add(page, "</dd>\n");
  }
  cvz_text_add(page, "</dl>\n</details>\n</section>\n");
}

static void add_foot(cvz_text *page, const cvz_attribute *attributes, int count)
{
  cvz_text_add(page, "<footer>Made by ");
  add_escaped(page, text_of(attributes, count, "program", "convviz-mpi"));
  cvz_text_add(page, " &middot; <a href=\"manifest.json\">manifest</a></footer>\n</body>\n</html>\n");
}

cvz_status cvz_page_write(const char *directory, const cvz_attribute *attributes, int attribute_count,
                          const cvz_output_layer *layers, int layer_count, cvz_error *error)
{
  cvz_text page = {0}, path = {0};
  const char *model = model_name(attributes, attribute_count);
  add_head(&page, model);
  add_introduction(&page, model, layers, layer_count);
  add_contents(&page, layers, layer_count);
  for (int i = 0; i < layer_count; i++) add_layer(&page, &layers[i], i + 1);
  add_parameters(&page, attributes, attribute_count);
  add_foot(&page, attributes, attribute_count);
  cvz_text_add(&path, "%s/index.html", directory);
  path.failed |= page.failed;
  cvz_status status = cvz_text_check(&path, error);
  if (status == CVZ_OK) status = cvz_file_write(path.data, page.data, page.length, error);
  cvz_text_free(&path);
  cvz_text_free(&page);
  return status;
}
