# cvz_embed(SOURCE HEADER PREFIX EXTENSION FILES...): writes a C source that holds the files' bytes as PREFIX_files and
# their names without EXTENSION as PREFIX_names, which HEADER declares (see src/base/embedded.h). The assembler reads the
# files, so that 300 KB need no array of numbers.
function(cvz_embed source header prefix extension)
  set(files ${ARGN})
  list(SORT files)
  set(bytes)
  set(externs)
  set(places)
  set(names)
  set(index 0)
  foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME)
    if(extension)
      string(REPLACE "${extension}" "" name ${name})
    endif()
    set(symbol ${prefix}_${index})
    string(APPEND bytes "        \".global ${symbol}, ${symbol}_end\\n\"\n"
      "        \"${symbol}: .incbin \\\"${file}\\\"\\n\"\n        \"${symbol}_end: .byte 0\\n\"\n")
    string(APPEND externs "extern const unsigned char ${symbol}[], ${symbol}_end[];\n")
    string(APPEND places "  {${symbol}, ${symbol}_end},\n")
    string(APPEND names "  \"${name}\",\n")
    math(EXPR index "${index} + 1")
  endforeach()
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT "#include <stddef.h>\n\n#include \"${header}\"\n
__asm__(\".pushsection .rodata\\n\"\n${bytes}        \".popsection\\n\");\n\n${externs}
const cvz_embedded ${prefix}_files[] = {\n${places}};\n
const char *const ${prefix}_names[] = {\n${names}  NULL,\n};\n")
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${files}")
endfunction()
