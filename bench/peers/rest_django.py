"""Django REST framework over Django's ORM, as its documentation teaches: an APIView, serializers, a model each.

Lean: no middleware, no authentication, JSON alone. Served by one gunicorn process with a thread for each client.
"""

import os
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

_address = urlsplit(os.environ["DATABASE_URL"])
settings.configure(
    SECRET_KEY="measured on loopback, signs nothing",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="bench.peers.rest_django",
    INSTALLED_APPS=["rest_framework"],
    MIDDLEWARE=[],
    USE_TZ=True,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _address.path.lstrip("/"),
            "USER": _address.username,
            "HOST": _address.hostname,
            "PORT": _address.port,
            "CONN_MAX_AGE": None,  # a connection is kept by its thread
        }
    },
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        "UNAUTHENTICATED_USER": None,
    },
)

import django  # noqa: E402

django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models, transaction  # noqa: E402
from django.http import Http404  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework import serializers  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from bench.peers.claim import KIND, STREAM, digest_of, payload_of  # noqa: E402


class Dossier(models.Model):  # type: ignore[misc]
    id = models.UUIDField(primary_key=True)
    reference = models.TextField()
    version = models.IntegerField()
    digest = models.BinaryField()
    state = models.TextField()
    service_id = models.UUIDField(null=True)
    holder_id = models.UUIDField(null=True)
    last_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "measure"
        managed = False
        db_table = "dossiers"


class JournalRow(models.Model):  # type: ignore[misc]
    id = models.BigAutoField(primary_key=True)
    stream = models.TextField()
    subject_id = models.UUIDField()
    version = models.IntegerField()
    kind = models.TextField()
    v = models.SmallIntegerField()
    at = models.DateTimeField()
    actor = models.UUIDField(null=True)
    payload = models.JSONField()
    digest = models.BinaryField()

    class Meta:
        app_label = "measure"
        managed = False
        db_table = "journal"


class Claim(serializers.Serializer):  # type: ignore[misc]
    agent = serializers.UUIDField()


class Claimed(serializers.ModelSerializer):  # type: ignore[misc]
    class Meta:
        model = Dossier
        fields = ("id", "reference", "version", "state", "holder_id")


class ClaimView(APIView):  # type: ignore[misc]
    def post(self, request: Request, dossier_id: UUID) -> Response:
        asked = Claim(data=request.data)
        asked.is_valid(raise_exception=True)
        agent = asked.validated_data["agent"]
        with transaction.atomic():
            try:
                dossier = Dossier.objects.select_for_update(no_key=True).get(pk=dossier_id)
            except Dossier.DoesNotExist:
                raise Http404 from None
            if dossier.version != int(request.headers["If-Match"].strip('"')):
                return Response(status=412)
            if dossier.holder_id is not None:
                return Response(status=409)
            now = datetime.now(UTC)
            payload = payload_of(agent, dossier.last_at, now)
            dossier.version += 1
            dossier.digest = digest_of(dossier.digest, dossier.id, dossier.version, now, agent, payload)
            dossier.holder_id = agent
            dossier.last_at = now
            dossier.save(update_fields=["version", "digest", "holder_id", "last_at"])
            JournalRow.objects.create(
                stream=STREAM,
                subject_id=dossier.id,
                version=dossier.version,
                kind=KIND,
                v=1,
                at=now,
                actor=agent,
                payload=payload,
                digest=dossier.digest,
            )
        return Response(Claimed(dossier).data)


urlpatterns = [path("dossiers/<uuid:dossier_id>/claim", ClaimView.as_view())]
app = get_wsgi_application()
