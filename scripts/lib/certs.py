# SPDX-License-Identifier: BSD-3-Clause
"""Certificates for the lab: one authority and whatever leaf a scene needs, good or bad."""

import os
import pathlib

import netns


class Authority:
    def __init__(self, directory, name="ca"):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.name = name
        if not os.path.exists(self.file):
            netns.run(
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.path(name, "key"), "-out", self.path(name, "crt"), "-days", "3650",
                "-subj", f"/CN=Picket lab {name}", "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            )

    def path(self, name, suffix):
        return str(self.directory / f"{name}.{suffix}")

    @property
    def file(self):
        return self.path(self.name, "crt")

    def self_signed(self, name, san):
        """NAME.crt and NAME.key, which nobody has signed."""
        netns.run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "825",
            "-keyout", self.path(name, "key"), "-out", self.path(name, "crt"), "-subj", f"/CN={name}", "-addext", f"subjectAltName={san}",
        )

    def leaf(self, name, san, usage="serverAuth,clientAuth", days=825, subject=None):
        """Make NAME.crt and NAME.key, signed by this authority; days may be negative: expired."""
        key, request = self.path(name, "key"), self.path(name, "csr")
        certificate, extensions = self.path(name, "crt"), self.path(name, "ext")
        netns.run(
            "openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", key, "-out", request, "-subj", f"/CN={subject or name}",
        )
        with open(extensions, "w", encoding="ascii") as file:
            file.write(f"basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage={usage}\n")
            if san:
                file.write(f"subjectAltName={san}\n")
        netns.run(
            "openssl", "x509", "-req", "-in", request, "-CA", self.path(self.name, "crt"),
            "-CAkey", self.path(self.name, "key"), "-CAcreateserial", "-days", str(days),
            "-extfile", extensions, "-out", certificate,
        )
        os.unlink(request)
        os.unlink(extensions)
        return certificate, key
