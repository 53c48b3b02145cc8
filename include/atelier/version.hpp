/// The library's version (SemVer). The inline namespace v0 changes with the major number.
#pragma once

#define ATELIER_VERSION_MAJOR 0
#define ATELIER_VERSION_MINOR 1
#define ATELIER_VERSION_PATCH 0
#define ATELIER_VERSION "0.1.0"
