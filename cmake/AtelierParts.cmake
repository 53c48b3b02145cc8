# The compiled library, in parts: a program builds and links those that it needs, or all of them as atelier::atelier.

# What every part and every header-only user sees.
add_library(atelier_headers INTERFACE)
target_compile_features(atelier_headers INTERFACE cxx_std_20)
target_include_directories(atelier_headers INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
target_link_libraries(atelier_headers INTERFACE Eigen3::Eigen Threads::Threads)
if(ATELIER_OPENMP)
  target_link_libraries(atelier_headers INTERFACE OpenMP::OpenMP_CXX)
endif()

add_library(atelier INTERFACE)
add_library(atelier::atelier ALIAS atelier)
set(ATELIER_PARTS atelier atelier_headers)

# atelier_part(NAME FOLDERS... [USES PART...] [LIBRARIES LIBRARY...]): the sources in folders of src as atelier::NAME.
function(atelier_part name)
  cmake_parse_arguments(ARG "" "" "USES;LIBRARIES" ${ARGN})
  set(sources)
  foreach(folder ${ARG_UNPARSED_ARGUMENTS})
    file(GLOB found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*.cpp)
    list(APPEND sources ${found})
  endforeach()
  set(target atelier_${name})
  add_library(${target} STATIC ${sources})
  add_library(atelier::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${target} PUBLIC atelier_headers PRIVATE atelier_warnings ${ARG_LIBRARIES})
  foreach(part ${ARG_USES})
    target_link_libraries(${target} PUBLIC atelier_${part})
  endforeach()
  target_link_libraries(atelier INTERFACE ${target})
  set(ATELIER_PARTS ${ATELIER_PARTS} ${target} PARENT_SCOPE)
endfunction()

set(json $<BUILD_INTERFACE:nlohmann_json::nlohmann_json>)
atelier_part(ops kernels ops)
atelier_part(image_ops kernels/image ops/image USES ops)
atelier_part(sequence_ops kernels/sequence ops/sequence USES ops)
atelier_part(objectives models/objectives USES ops)
atelier_part(io io LIBRARIES ${json} ZLIB::ZLIB JPEG::JPEG PNG::PNG LibZip::zip)
target_include_directories(atelier_io SYSTEM PRIVATE ${ATELIER_STB_DIR})
atelier_part(data data USES io LIBRARIES ${json})
atelier_part(text data/text data/tokenizer USES data LIBRARIES ${json})
atelier_part(metrics metrics USES ops)
atelier_part(train train USES ops io LIBRARIES ${json})

atelier_part(model_files models models/vae models/gan USES io LIBRARIES ${json})

# Weights that the library carries, as the bytes of their files.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS weights/digits.safetensors)
file(READ weights/digits.safetensors ATELIER_DIGITS HEX)
string(REGEX REPLACE "(..)" "0x\\1," ATELIER_DIGITS "${ATELIER_DIGITS}")
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/digits.inc CONTENT "@ATELIER_DIGITS@" @ONLY)
atelier_part(models models/digits models/lstm_lm models/transformer
  USES model_files objectives image_ops sequence_ops LIBRARIES ${json})
target_include_directories(atelier_models PRIVATE ${PROJECT_BINARY_DIR}/generated)
