/* Prints the man page or the shell completion, which are made of the table of options, when the program is built. */
#include <stdio.h>
#include <string.h>

#include "app/help.h"

int main(int argc, char **argv)
{
  if (argc != 2) return 2;
  if (!strcmp(argv[1], "man"))
    cvz_help_man(stdout);
  else
    cvz_help_completion(stdout);
  return fflush(stdout) != 0;
}
