// Who may see a change: the services whose next step may differ after the record of one has
// changed.
#pragma once

#include "model/request.hpp"

namespace zinit {

/// `changed` itself, its neighbours over every kind of edge, and further on through those that are
/// not active and have the wish up, where something beyond them looks through chains (coming,
/// first_try, claim). Appends to `seen`, each slot once for one call of begin_sight().
void begin_sight(const World& world);
void in_sight(const World& world, Slot changed, Slots& seen);

}  // namespace zinit
