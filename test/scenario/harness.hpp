// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// Includes for scenario tests. The tests know the specification and the binary, nothing of src/.

#include "scenario/harness/connection.hpp"
#include "scenario/harness/process.hpp"
#include "scenario/harness/server.hpp"
#include "support/json.hpp"
#include "support/test.hpp"
