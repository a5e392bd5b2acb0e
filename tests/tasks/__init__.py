"""Deliveries in other processes: real workers, of Celery with a real Redis and of Django's tasks."""
