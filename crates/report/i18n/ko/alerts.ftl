# 알림에서 사람이 읽는 글: 채팅, 메일, 호출기.

alert-subject = [{ $state }] { $title }
alert-subject-more = [{ $state }] { $title } 외 { NUMBER($count) }건
alert-resolved = 해결됨
alert-again = 계속됨
alert-once-more = 다시 발생
alert-open = 열기
alert-more = 이 메시지에 표시하지 않은 알림이 { NUMBER($count) }건 더 있습니다.
alert-lasting = 이 그룹에서 이미 알린 알림 { NUMBER($count) }건이 아직 해결되지 않았습니다.
alert-together = 수신처의 전송 한도에 도달하여 그룹 { NUMBER($count) }개를 메시지 하나로 알립니다.

alert-field-state = 상태
alert-field-severity = 심각도
alert-field-cluster = 클러스터
alert-field-namespace = 네임스페이스
alert-field-resource = 오브젝트
alert-field-rule = 규칙
alert-field-source = 출처
alert-field-frameworks = 프레임워크
alert-field-controls = 통제 항목
alert-field-time = 발생 시각
alert-field-ended = 종료 시각
alert-field-count = 횟수

alert-incident-summary = 인시던트 { $id }: 탐지 { NUMBER($count) }건이 포함되어 있습니다.
alert-test-title = 해치 시험 알림
alert-test-summary = 알림이 도착하는지 확인하려고 보낸 시험 알림입니다. 실제로 일어난 일은 없습니다.
