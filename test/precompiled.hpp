// As src/precompiled.hpp, for tests.
#include <catch2/catch.hpp>

#include "../src/precompiled.hpp"
