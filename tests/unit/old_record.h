/* SPDX-License-Identifier: BSD-3-Clause */
/* A record of before rows had the agreement's seats, as such a process has written it: three users in March 2026, and its
 * head. */
#pragma once

#define OLD_RECORD                                                                                 \
	"CREATE TABLE usage (seq INTEGER PRIMARY KEY, month INTEGER NOT NULL,"                     \
	" at INTEGER NOT NULL, agreement TEXT NOT NULL, provider TEXT NOT NULL,"                   \
	" user TEXT NOT NULL, hash BLOB NOT NULL) STRICT;"                                         \
	"INSERT INTO usage VALUES"                                                                 \
	" (1, 24314, 1772323200, 'active', '', 'u0@corp.example',"                                 \
	" x'ce1b1b17824dc26a9245ddc8c9343e8e957e296ff3d3c8d08481c13cdc54b61f'),"                   \
	" (2, 24314, 1772409600, 'active', '', 'u1@corp.example',"                                 \
	" x'd596843a695bd3442229162ff59b0b2fd7a2dfeb3fc9faea905339359c0b660d'),"                   \
	" (3, 24314, 1772496000, 'active', '', 'u2@corp.example',"                                 \
	" x'0bf17b615d78e53cdbf168d68ddc5439f86cbc9c83f14f3d6a8ec9da4f411826')"

#define OLD_RECORD_HEAD "3:0bf17b615d78e53cdbf168d68ddc5439f86cbc9c83f14f3d6a8ec9da4f411826\n"
