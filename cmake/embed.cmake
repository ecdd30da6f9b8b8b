# cvz_embed_architectures(SOURCE FILES...): writes a C source that holds the files' bytes, see src/model/embedded.h.
# The assembler reads the files, so that 300 KB need no array of numbers.
function(cvz_embed_architectures source)
  set(files ${ARGN})
  list(SORT files)
  set(bytes)
  set(externs)
  set(places)
  set(names)
  set(index 0)
  foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME)
    string(REPLACE ".json.gz" "" name ${name})
    set(symbol cvz_embedded_${index})
    string(APPEND bytes "        \".global ${symbol}, ${symbol}_end\\n\"\n"
      "        \"${symbol}: .incbin \\\"${file}\\\"\\n\"\n        \"${symbol}_end: .byte 0\\n\"\n")
    string(APPEND externs "extern const unsigned char ${symbol}[], ${symbol}_end[];\n")
    string(APPEND places "  {${symbol}, ${symbol}_end},\n")
    string(APPEND names "  \"${name}\",\n")
    math(EXPR index "${index} + 1")
  endforeach()
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT "#include <stddef.h>\n\n#include \"model/embedded.h\"\n
__asm__(\".pushsection .rodata\\n\"\n${bytes}        \".popsection\\n\");\n\n${externs}
const cvz_embedded cvz_embedded_architectures[] = {\n${places}};\n
const char *const cvz_embedded_names[] = {\n${names}  NULL,\n};\n")
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${files}")
endfunction()
