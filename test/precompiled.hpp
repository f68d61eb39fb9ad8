// As src/precompiled.hpp, for tests.
// Wanted by a source that listens to test cases; it must stand before the first inclusion.
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include <catch2/catch.hpp>

#include "../src/precompiled.hpp"
