// The heap's settings, and giving its free pages back: see memory.hpp.
#include "os/memory.hpp"

#include <malloc.h>

namespace zinit {

namespace {

// A second arena serves threads that find the first one locked. Further arenas would each keep
// pages for a few scattered blocks: 0.8 MB with a thousand services.
constexpr int kArenas = 2;

}  // namespace

void share_arenas() noexcept { ::mallopt(M_ARENA_MAX, kArenas); }

void release_idle_memory() noexcept { ::malloc_trim(0); }

}  // namespace zinit
