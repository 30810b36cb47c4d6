// Catch2, version 2 or 3.
#pragma once

#include "support/catch.h"
