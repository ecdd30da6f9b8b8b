/* job/expression.h: objectives as text, the same on the command line and in job files. docs/objectives.md explains it.
 *
 *   objectives = row { ";" row }
 *   row        = sum [ "to" sum [ "in" COUNT ] ]
 *   sum        = [ SIGN ] term { SIGN term }
 *   term       = [ WEIGHT [ "*" ] ] item
 *   item       = KIND [ ":" LAYER [ ":" NUMBER ] ] [ "@" X "," Y ] [ "^" POWER ]
 *
 * LAYER and NUMBER end at a blank or at one of : @ ^ ; and may have any character between single quotes. Without LAYER
 * an item stands for each layer of --layer, without NUMBER for each filter of --filters. */
#ifndef CVZ_JOB_EXPRESSION_H
#define CVZ_JOB_EXPRESSION_H

#include <stdbool.h>

#include "base/text.h"

#define CVZ_ITEMS_MAX 32   /**< of one row */
#define CVZ_ROW_MAX   1024 /**< pictures of one row */

typedef enum cvz_item_kind {
  CVZ_ITEM_CHANNEL,
  CVZ_ITEM_NEURON,
  CVZ_ITEM_DIRECTION,
  CVZ_ITEM_LAYER,
  CVZ_ITEM_LOGIT,
  CVZ_ITEM_PROBABILITY,
  CVZ_ITEM_DIVERSITY,
  CVZ_ITEM_KINDS
} cvz_item_kind;

typedef struct cvz_item {
  cvz_item_kind kind;
  double weight;
  char *layer;  /**< NULL: each of --layer */
  char *number; /**< digits, or a name of --labels; NULL: each of --filters, or there is none */
  bool placed;  /**< NEURON: at x, y; else in the centre */
  int x, y;
  int power;                               /**< DIRECTION: of the cosine */
  bool second;                             /**< behind "to" */
  int column, layer_column, number_column; /**< in the row's text, from 1 */
} cvz_item;

/** One objective, or a row of pictures from one to another. */
typedef struct cvz_row {
  char *text; /**< as it was written, without blanks around it */
  cvz_item items[CVZ_ITEMS_MAX];
  int count;
  int pictures; /**< from the first sum to the second; 0: there is but one sum */
} cvz_row;

typedef struct cvz_expression {
  cvz_row *rows;
  int count;
} cvz_expression;

/** Parses objectives.
 *  @param[out] expression  free with cvz_expression_free, also after a failure
 *  @return CVZ_E_USAGE for text that is none: "column N: 'WHAT', expected WHAT" */
cvz_status cvz_expression_parse(cvz_expression *expression, const char *text, cvz_error *error);

/** Harmless on a zeroed struct. */
void cvz_expression_free(cvz_expression *expression);

/** "channel" */
const char *cvz_item_name(cvz_item_kind kind);

/** Whether items of that kind have a number: all but those of whole layers. */
bool cvz_item_is_numbered(cvz_item_kind kind);

/** Whether an item stands for each layer of --layer, or for each filter of --filters. */
bool cvz_row_wants_layers(const cvz_row *row);
bool cvz_row_wants_filters(const cvz_row *row);

/** Whether a row is what --layer and --filters mean without an objective: the channels, or numbers before a softmax, of
 *  every layer. */
bool cvz_row_is_plain(const cvz_row *row);

#endif
