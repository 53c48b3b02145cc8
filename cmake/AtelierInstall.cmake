# cmake --install: headers, library, package files. The package can be moved after it has been installed.
if(NOT ATELIER_INSTALL)
  return()
endif()
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(ATELIER_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/atelier)
install(TARGETS ${ATELIER_PARTS} atelier_warnings EXPORT atelierTargets)
install(DIRECTORY include/atelier DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(DIRECTORY weights/ DESTINATION ${CMAKE_INSTALL_DATADIR}/atelier/weights)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(EXPORT atelierTargets NAMESPACE atelier:: DESTINATION ${ATELIER_CMAKE_DIR})
configure_package_config_file(cmake/atelierConfig.cmake.in ${PROJECT_BINARY_DIR}/atelierConfig.cmake
  INSTALL_DESTINATION ${ATELIER_CMAKE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/atelierConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/atelierConfig.cmake ${PROJECT_BINARY_DIR}/atelierConfigVersion.cmake
  cmake/FindLibZip.cmake DESTINATION ${ATELIER_CMAKE_DIR})
