// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds the services that a change of a record affects: services whose next step may have changed.
//
// The work of a change grows with the edges of the affected services, not with the number of
// services.
#pragma once

#include "model/request.hpp"

namespace zinit {

/// Appends to `seen` all services that a change of `changed` affects, including `changed`: its
/// neighbours over every kind of edge, and services further away that look through chains of
/// dependencies (coming, first_try, claim). Several changes can be collected in one list: after a
/// call of begin_affected() each slot is appended only once.
void begin_affected(const World& world);
void affected(const World& world, Slot changed, Slots& seen);

}  // namespace zinit
