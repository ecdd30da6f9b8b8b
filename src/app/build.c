#include "app/build.h"

#include <link.h>
#include <stdio.h>
#include <string.h>

#define SHOWN 8 /* bytes of the checksum */

/* Looks for the note of type NT_GNU_BUILD_ID of owner "GNU" (elf(5)) in a segment of notes. */
static const unsigned char *find_checksum(const char *notes, size_t bytes)
{
  for (size_t at = 0; at + sizeof(ElfW(Nhdr)) <= bytes;) {
    const ElfW(Nhdr) *note = (const void *)(notes + at);
    const size_t name = at + sizeof *note, content = name + ((note->n_namesz + 3u) & ~3u);
    if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && note->n_descsz >= SHOWN &&
        content + note->n_descsz <= bytes && !memcmp(notes + name, "GNU", 4))
      return (const unsigned char *)notes + content;
    at = content + ((note->n_descsz + 3u) & ~3u);
  }
  return NULL;
}

/* The first object is the program itself. */
static int visit(struct dl_phdr_info *info, size_t size, void *context)
{
  const unsigned char **checksum = context;
  (void)size;
  for (int i = 0; i < info->dlpi_phnum && !*checksum; i++) {
    const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
    if (segment->p_type != PT_NOTE) continue;
    *checksum = find_checksum((const char *)info->dlpi_addr + segment->p_vaddr, segment->p_memsz);
  }
  return 1;
}

void cvz_build_name(char name[CVZ_BUILD_LENGTH])
{
  const unsigned char *checksum = NULL;
  char text[2 * SHOWN + 1] = "";
  dl_iterate_phdr(visit, (void *)&checksum);
  for (int i = 0; checksum && i < SHOWN; i++) snprintf(text + 2 * (size_t)i, 3, "%02x", checksum[i]);
  snprintf(name, CVZ_BUILD_LENGTH, checksum ? "%s (build %s)" : "%s", CONVVIZ_VERSION, text);
}
