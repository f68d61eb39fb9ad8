// The heap's settings, and giving its free pages back: see memory.hpp.
#include "os/memory.hpp"

#include <malloc.h>

namespace zinit {

namespace {

// A second arena would serve threads that find the first one locked, which made no difference to
// the start of a thousand services on two processors. Each arena keeps pages for a few scattered
// blocks: 0.2 to 0.5 MB after a thousand services have crashed for some seconds.
constexpr int kArenas = 1;

}  // namespace

void share_arenas() noexcept { ::mallopt(M_ARENA_MAX, kArenas); }

void release_idle_memory() noexcept { ::malloc_trim(0); }

}  // namespace zinit
